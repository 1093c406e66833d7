# In a lightning directory, or with --lightning-dir, backup.lock has the URL.
make_node 10
t backup-cli log --lightning-dir node --limit 1
t backup-cli verify --lightning-dir node
t backup-cli verify --against node/lightningd.sqlite3 --lightning-dir node
t backup-cli restore --lightning-dir node head.sqlite3
same head.sqlite3 node/lightningd.sqlite3
t backup-cli init --lightning-dir node
t backup-cli log --lightning-dir nowhere
cd node
t backup-cli log --limit 1
t backup-cli verify
t backup-cli restore ../here.sqlite3
cmp ../here.sqlite3 ../head.sqlite3
t backup-cli init
t backup-cli restore
t backup-cli restore ../log.bkp
t backup-cli log ../log.bkp --limit 1
cd ..

# What backup.lock says is from its own directory.
(cd node && echo '{"backend_url": "../log.bkp"}' >backup.lock)
t backup-cli log --lightning-dir node --limit 1

# What it says wrong is no wrong usage.
mkdir other
echo '{"backend_url": "s3://bucket/x.bkp"}' >other/backup.lock
t backup-cli log --lightning-dir other
echo 'no JSON' >other/backup.lock
t backup-cli log --lightning-dir other
t backup-cli init --lightning-dir other
