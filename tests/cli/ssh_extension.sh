# SQLite reads a log on another computer, over a real sshd on loopback, with the extension.
. "$(dirname "$1")/../support/sshd.inc"
sshd_can || exit 77
extension=$(dirname "$(dirname "$(command -v backup-cli)")")/core/backupvfs.so
sqlite3 -cmd ".load $extension" :memory: '' 2>/dev/null ||
	{ echo "skipped: the sqlite3 here loads no extension"; exit 77; }
mkdir srv
trap sshd_stop EXIT
sshd_start "command=\"$(command -v backup-cli) server --stdio --root $PWD/srv --append-only\",restrict" || exit 77
make_node 60
cp log.bkp srv/node.bkp
url=ssh://127.0.0.1/node.bkp
sql() {
	sqlite3 -cmd ".load $extension" -cmd ".open file:$1?vfs=backup$2" :memory: "$3" 2>&1
}
version="SELECT intval FROM vars WHERE name = 'data_version'"
sql $url "" "$version; SELECT count(*) FROM backup_log"
sql "$PWD/log.bkp" "" "$version; SELECT count(*) FROM backup_log"
sql $url "&version=20" "$version"
sql "$PWD/log.bkp" "" "SELECT change, before, after FROM backup_diff('vars', 'head~1', 'head', '$url')"
sql ssh://127.0.0.1/none.bkp "" "SELECT 1" | head -n 1
