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
