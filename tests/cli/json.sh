# What --json prints is what the manual pages describe: each key, and nothing more.
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
here=$(dirname "$1")
docs=$here/../../docs
check() { # SECTION COMMAND...
	section=$1
	shift
	"$@" 2>/dev/null >printed || true
	python3 "$here/jsonpage.py" "$section" "$docs/backup-log.5" <printed
}
make_node 200
cp log.bkp whole.bkp
check log backup-cli log --json --all --stat log.bkp
check show backup-cli show --json log.bkp 150
check diff backup-cli diff --json log.bkp head~20 head
check diff backup-cli diff --json --summary log.bkp head~20 head
check history backup-cli history --json log.bkp htlcs
check extract backup-cli extract --json -t vars log.bkp
check verify backup-cli verify --json --deep log.bkp
printf x | dd of=log.bkp bs=1 seek=70000 conv=notrunc 2>/dev/null
check verify backup-cli verify --json log.bkp
check log backup-cli log --json log.bkp
cp whole.bkp log.bkp
check 'verify --against' backup-cli verify --json --against node/lightningd.sqlite3 log.bkp
sqlite3 node/lightningd.sqlite3 .dump | sqlite3 other.sqlite3
sqlite3 other.sqlite3 "UPDATE vars SET val = 3 WHERE name = 'data_version'; DELETE FROM chans"
check 'verify --against' backup-cli verify --json --against other.sqlite3 log.bkp
check drill backup-cli drill --json --lightning-dir node
check compact backup-cli compact --json --keep-daily 5d log.bkp
check compact backup-cli compact --json --keep-hourly 5d --dry-run log.bkp
echo 'a passphrase' >pass
mkdir sealed
backup-cli init --seal=passphrase --passphrase-fd 3 --lightning-dir sealed sealed.bkp 3<pass >/dev/null
check verify backup-cli verify --json sealed.bkp
# status has its description in its own page.
backup-cli status --json --lightning-dir node 2>/dev/null >printed || true
python3 "$here/jsonpage.py" - "$docs/backup-cli-status.1" <printed
