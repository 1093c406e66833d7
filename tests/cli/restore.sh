make_node 200

# The head, to a file and into a directory.
t backup-cli restore log.bkp restored.sqlite3
same restored.sqlite3 node/lightningd.sqlite3
mkdir empty
t backup-cli restore "file://$PWD/log.bkp" empty
same empty/lightningd.sqlite3 node/lightningd.sqlite3
stat -c %a restored.sqlite3 empty/lightningd.sqlite3

# Nothing is restored over anything, nor beside what SQLite would mix in.
t backup-cli restore log.bkp restored.sqlite3
t backup-cli restore log.bkp empty
: >a.sqlite3-journal
t backup-cli restore log.bkp a.sqlite3
: >b.sqlite3-wal
t backup-cli restore log.bkp b.sqlite3

# Nor where lightningd runs: its pid file is in the directory of the network or the one above.
mkdir -p running/bitcoin
t holdlock running/lightningd-bitcoin.pid backup-cli restore log.bkp running/bitcoin
t holdlock running/bitcoin/lightningd-bitcoin.pid backup-cli restore log.bkp running/bitcoin
t holdlock running/bitcoin/lightningd-bitcoin.pid backup-cli restore log.bkp running/bitcoin/look.sqlite3
t backup-cli restore log.bkp running/bitcoin

# Nor while its plugin holds the log; nor where a pid file cannot be read.
mkdir held unreadable
: >held/config
t flock log.bkp backup-cli restore log.bkp held | sed 's/held by .*one writer/held by ...: one writer/'
t flock log.bkp backup-cli restore log.bkp held/look.sqlite3
echo '{"backend_url": "file:///gone", "database": "wallet.sqlite3"}' >held/backup.lock
t backup-cli restore log.bkp held/wallet.sqlite3
t flock log.bkp backup-cli restore --without file:///gone log.bkp held/wallet.sqlite3 | sed 's/held by .*one writer/held by ...: one writer/'
t backup-cli restore --version 100 log.bkp held/wallet.sqlite3
ln -s lightningd-x.pid unreadable/lightningd-x.pid
t backup-cli restore log.bkp unreadable
t backup-cli restore log.bkp unreadable/look.sqlite3
ls held unreadable

# But in an empty directory no node is: there it is a copy, under a name that says so.
mkdir copy
t flock log.bkp backup-cli restore log.bkp copy/lightningd.sqlite3 | sed 's/held by .*one writer/held by ...: one writer/'
t flock log.bkp backup-cli restore log.bkp copy
ls copy
t flock log.bkp backup-cli restore log.bkp copy | sed 's/held by .*one writer/held by ...: one writer/'

# An older version is for looking at.
mkdir stale
t backup-cli restore --version 100 log.bkp stale
t backup-cli restore --version 100 log.bkp stale/lightningd.sqlite3
t backup-cli restore --version 100 log.bkp old.sqlite3
sqlite3 old.sqlite3 "SELECT intval FROM vars WHERE name = 'data_version'"
t backup-cli restore --version 100 --allow-stale-state-that-can-lose-funds log.bkp stale
ls stale

# The head's own number is the head.
mkdir head
t backup-cli restore --version 198 log.bkp head

# By time.
t backup-cli restore --at now log.bkp now.sqlite3
t backup-cli restore --at '2020-01-01 00:00' log.bkp long-ago.sqlite3
t backup-cli restore --at 'last summer' log.bkp summer.sqlite3

# What is not there.
t backup-cli restore --version 199 log.bkp x.sqlite3
t backup-cli restore --version 4294967295 log.bkp x.sqlite3
t backup-cli restore nothing.bkp x.sqlite3
t backup-cli restore log.bkp nowhere/x.sqlite3
echo 'no log' >other.bkp
t backup-cli restore other.bkp x.sqlite3
mkdir node2
backup-cli init --lightning-dir node2 empty.bkp >/dev/null
t backup-cli restore empty.bkp x.sqlite3
ls

# A version in words.
t backup-cli restore --version head~3 log.bkp words.sqlite3
sqlite3 words.sqlite3 "SELECT intval FROM vars WHERE name = 'data_version'"
t backup-cli restore --version head~1 log.bkp empty2/lightningd.sqlite3
t backup-cli restore --version nothing log.bkp nothing.sqlite3
t backup-cli restore --version head~3 --at now log.bkp nothing.sqlite3
