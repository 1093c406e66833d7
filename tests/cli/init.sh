# A new node.
mkdir new disk
t backup-cli init --lightning-dir new "file://$PWD/disk/new.bkp"
cat new/backup.lock
ls disk new

# A second init does no harm, with the same log or another.
t backup-cli init --lightning-dir new disk/new.bkp
t backup-cli init --lightning-dir new disk/other.bkp
cat new/backup.lock

# A node that has a database, in the older spelling, with a plain path.
mkdir old
simnode --plugin "$PLUGIN" --dir new --generate 50 >simnode.out || cat simnode.out
cp new/lightningd.sqlite3 old
t backup-cli init old disk/old.bkp
t backup-cli log disk/old.bkp

# A database elsewhere; keys of backup.lock that are somebody else's stay.
mkdir wallet
echo '{"backend_url": "file:///gone", "on_gap": "halt", "mine": [1, 2]}' >wallet/backup.lock
t backup-cli init --lightning-dir wallet --database "$PWD/old/lightningd.sqlite3" disk/wallet.bkp
cat wallet/backup.lock
t backup-cli init --lightning-dir wallet --database nothing.sqlite3 disk/more.bkp

# A blank and a percent sign in a path come through.
t backup-cli init --lightning-dir new "disk/a b%41.bkp"
cat new/backup.lock
ls disk

# Places that are none.
t backup-cli init --lightning-dir nowhere disk/x.bkp
t backup-cli init --lightning-dir new nowhere/x.bkp
t backup-cli init --lightning-dir new s3://bucket/x.bkp
t backup-cli init --lightning-dir new file://relative/x.bkp
t backup-cli init --lightning-dir new disk/
t backup-cli init --lightning-dir new ''
echo '{' >new/backup.lock
t backup-cli init --lightning-dir new disk/y.bkp
echo 'no database' >old/lightningd.sqlite3
t backup-cli init --lightning-dir old disk/z.bkp
ls disk
