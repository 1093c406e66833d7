# SQLite reads a sealed log with the extension, by the key file that the environment names.
extension=$(dirname "$(dirname "$(command -v backup-cli)")")/core/backupvfs.so
sqlite3 -cmd ".load $extension" :memory: '' 2>/dev/null ||
	{ echo "skipped: the sqlite3 here loads no extension"; exit 77; }
mkdir node other third
backup-cli init --seal=key-file --lightning-dir node log.bkp >/dev/null
simnode --plugin "$PLUGIN" --dir node --generate 60 >/dev/null
backup-cli init --lightning-dir other clear.bkp >/dev/null
simnode --plugin "$PLUGIN" --dir other --generate 60 >/dev/null
backup-cli key add --lightning-dir node key-file:more.key
backup-cli init --seal=key-file --lightning-dir third third.bkp >/dev/null
sql() { # KEY-FILE LOG
	echo "$1 $2:"
	BACKUP_KEY_FILE=$1 sqlite3 -cmd ".load $extension" -cmd ".open file:$PWD/$2?vfs=backup" :memory: \
		"SELECT intval FROM vars WHERE name = 'data_version'" 2>&1 | grep -o -e '^[0-9]*$' -e 'unable to open database file'
}
sql node/backup.key log.bkp
sql more.key log.bkp
sql third/backup.key log.bkp
sql nowhere.key log.bkp
sql "" log.bkp
sql "" clear.bkp
sql node/backup.key clear.bkp
