# Rows of tables out of a version.
make_node 60
t backup-cli extract --table vars --where "name = 'data_version'" log.bkp
t backup-cli extract -t vars --where "name = 'data_version'" --version 3 --format csv log.bkp
t backup-cli extract -t vars -t schema_version --where 'rowid = 1' --json log.bkp
t backup-cli extract --table VARS --where "name LIKE 'data%' -- as it is" --at now --format csv log.bkp

# A new database: its rows are those of the version.
t backup-cli extract -t vars -t chans --format sqlite --output some.sqlite3 log.bkp
t sqlite3 some.sqlite3 'PRAGMA integrity_check' 'SELECT name FROM sqlite_schema ORDER BY name'
for table in vars chans; do
	sqlite3 some.sqlite3 "SELECT * FROM $table" >one
	sqlite3 node/lightningd.sqlite3 "SELECT * FROM $table" >other
	cmp one other && echo "$table: the same"
done
# What is printed as SQL gives the same rows to an empty table.
backup-cli extract -t chans log.bkp >chans.sql 2>/dev/null
sqlite3 some.sqlite3 'DELETE FROM chans'
sqlite3 some.sqlite3 <chans.sql
sqlite3 some.sqlite3 'SELECT * FROM chans' >one
sqlite3 node/lightningd.sqlite3 'SELECT * FROM chans' >other
cmp one other && echo "chans: the same"

t backup-cli extract -t vars --format sqlite -o some.sqlite3 log.bkp
mkdir there
t backup-cli extract -t vars --format sqlite -o there/lightningd.sqlite3 log.bkp
t backup-cli extract -t vars --format sqlite log.bkp
t backup-cli extract -t vars -o x log.bkp
t backup-cli extract -t vars -t chans --format csv log.bkp
t backup-cli extract -t vars --where '1) OR (1' log.bkp
t backup-cli extract -t vars --where '1; DELETE FROM vars' log.bkp
t backup-cli extract -t nothing log.bkp
t backup-cli extract -t chanels log.bkp
t backup-cli extract log.bkp
t backup-cli extract -t vars --format xml log.bkp
[ -z "$(ls there)" ]
