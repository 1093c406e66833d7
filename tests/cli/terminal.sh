# What comes out of a log, or of another's file, is shown to a terminal, and not sent to it.
esc=$(printf '\033]0;title\007\033[31mNo damage found.\033[0m\r\302\233')
mkdir node
sqlite3 node/lightningd.sqlite3 "CREATE TABLE vars(name TEXT, val TEXT, intval INTEGER, blobval BLOB);
	INSERT INTO vars VALUES('data_version', NULL, 5, NULL); CREATE TABLE \"t$esc\"(a);
	INSERT INTO \"t$esc\" VALUES('one$esc')"
backup-cli init --lightning-dir node log.bkp >/dev/null
cp node/lightningd.sqlite3 other.sqlite3
sqlite3 other.sqlite3 "UPDATE \"t$esc\" SET a = 'other$esc'"
t backup-cli verify --against other.sqlite3 log.bkp

# The words of an error, and what backup.lock named before.
backup-cli log "no$esc.bkp" 2>&1
printf '{"backend_url": "file:///gone/\\u001b[31m.bkp"}' >node/backup.lock
t backup-cli init --lightning-dir node log.bkp
