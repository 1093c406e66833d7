# A lightning directory that cannot be synced: backup.lock stands there, and names the log, which stays.
export FAILSYNC_DIR="$PWD/node" ASAN_OPTIONS=verify_asan_link_order=0
mkdir node disk
t env LD_PRELOAD="$FAILSYNC" backup-cli init --lightning-dir node disk/log.bkp
ls disk
t backup-cli init --lightning-dir node disk/log.bkp

# The log's own directory: nothing is left, and nothing named.
rm node/backup.lock disk/log.bkp
FAILSYNC_DIR=$PWD/disk
t env LD_PRELOAD="$FAILSYNC" backup-cli init --lightning-dir node disk/log.bkp
ls disk node

# A log is sealed by its successor, and whether that took the place cannot be told: what opens it stays.
unset FAILSYNC_DIR
export FAILSYNC_LOG="$PWD/disk/log.bkp"
backup-cli init --lightning-dir node disk/log.bkp >/dev/null
t env LD_PRELOAD="$FAILSYNC" backup-cli compact --seal=key-file --lightning-dir node
ls disk node
t backup-cli log --key-file node/backup.key disk/log.bkp
t backup-cli init --key-file node/backup.key --lightning-dir node disk/log.bkp
cat node/backup.lock
