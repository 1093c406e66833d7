# lock.sh - a log's lock in a stranger's hand: it is said whose fault that can be, and what ends it.
. "$BK_KIT"
fresh
chown $user disk
database node/lightningd.sqlite3 7
chown $user node/lightningd.sqlite3
try "init" 0 backup-cli init --lightning-dir node disk/n.bkp
owner_is disk/n.bkp 600
# Nobody but its owner can open it, and so lock it.
stranger=65533
! setpriv --reuid=$stranger --regid=$stranger --clear-groups flock -n disk/n.bkp true 2>/dev/null ||
	fail "a stranger locks a log that init made"
chmod 644 disk/n.bkp
try "init, a log that all may read" 0 backup-cli init --lightning-dir node disk/n.bkp
says "chmod 600"
setpriv --reuid=$stranger --regid=$stranger --clear-groups \
	perl -e 'open(F, "<", "disk/n.bkp") and flock(F, 2) and sleep 60' >/dev/null 2>&1 &
holder=$!
while flock -n disk/n.bkp true; do sleep 0.1; done
try "init, a log that a stranger locked" 1 backup-cli init --lightning-dir node disk/n.bkp
says "any user may have done that"
says "chmod 600"
kill $holder
wait $holder 2>/dev/null || true
exit $bad
