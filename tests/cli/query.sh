# SQL on a version, in the modes of the sqlite3 shell.
make_node 10
sql="SELECT name, intval AS number, NULL AS nothing, 1.5 AS real, x'0aff' AS blob, 'a \"b\", ''c''' AS text
	FROM vars WHERE name IN ('data_version', 'next_pay_index') ORDER BY name"
for mode in list tabs csv json line quote insert html column table box markdown; do
	echo "-- $mode"
	backup-cli query --mode $mode log.bkp "$sql"
done
t backup-cli query --json log.bkp 'SELECT 9223372036854775807 AS big, 9e999 AS inf, char(27) AS esc, char(97, 0, 34, 10, 92) AS zero'
t backup-cli query --no-header log.bkp 'SELECT 1, 2; SELECT 3 -- and a comment'
t backup-cli query --mode column log.bkp 'SELECT 1 AS a WHERE 0'

# A version, in each way that one can be meant.
version="SELECT intval FROM vars WHERE name = 'data_version'"
for which in 3 latest head head~1 'head~2' now; do
	t backup-cli query --no-header --version "$which" log.bkp "$version"
done
t backup-cli query --no-header --at now log.bkp "$version"
t backup-cli query --version 99 log.bkp "$version"
t backup-cli query --version head~99 log.bkp "$version"
t backup-cli query --version '1 hour' log.bkp "$version"
t backup-cli query --version head~ log.bkp "$version"
t backup-cli query --version 2999-01-01 log.bkp "$version"

# It reaches nothing else, and changes nothing.
t backup-cli query log.bkp "ATTACH 'other.sqlite3' AS other"
t backup-cli query log.bkp 'DELETE FROM vars'
t backup-cli query log.bkp 'PRAGMA query_only = OFF; DELETE FROM vars'
t backup-cli query log.bkp "SELECT load_extension('x')"
t backup-cli query log.bkp "SELECT readfile('/etc/passwd')"
t backup-cli query log.bkp 'SELEC'
t backup-cli query log.bkp
t backup-cli query --mode fancy log.bkp 'SELECT 1'
[ ! -e other.sqlite3 ]

# It ends by itself.
t backup-cli query log.bkp 'WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n' | sed 's/more than [0-9]* ms/more than N ms/'
(cd node && backup-cli query --no-header "$version")
