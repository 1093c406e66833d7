# Ctrl-C and its like in the midst of work: nothing half-made stays, and the process ends by that signal.
mkdir node
sqlite3 node/lightningd.sqlite3 "CREATE TABLE vars (name PRIMARY KEY, intval);
	INSERT INTO vars VALUES ('data_version', 7); CREATE TABLE big (x);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
	INSERT INTO big SELECT zeroblob(1000000) FROM n"

# Sends SIGNAL to a command as soon as FILE is there; more than once, where it was done before.
interrupt() { # SIGNAL ITS-STATUS FILE COMMAND...
	signal=$1 status=$2 file=$3
	shift 3
	tries=0 code=0
	while [ $code -ne $status ] && [ $tries -lt 20 ]; do
		tries=$((tries + 1)) code=0
		rm -f "${file%.*}"
		# A shell ignores SIGINT for what it runs in the background.
		env --default-signal=INT "$@" >said 2>&1 &
		while [ ! -e "$file" ] && kill -0 $! 2>/dev/null; do :; done
		kill -$signal $! 2>/dev/null
		wait $! 2>/dev/null || code=$?
	done
	echo "$signal: $code"
	cat said
	ls
}
interrupt INT 130 log.bkp.new backup-cli init --lightning-dir node log.bkp
interrupt TERM 143 log.bkp.new backup-cli init --lightning-dir node log.bkp
ls node
backup-cli init --lightning-dir node log.bkp >/dev/null
interrupt INT 130 out.sqlite3.restoring backup-cli restore log.bkp out.sqlite3
interrupt TERM 143 out.sqlite3.restoring backup-cli restore log.bkp out.sqlite3
interrupt HUP 129 out.sqlite3.restoring backup-cli restore log.bkp out.sqlite3

# What nohup has ignored stays ignored.
(
	trap '' HUP
	backup-cli restore log.bkp out.sqlite3 >said &
	while [ ! -e out.sqlite3.restoring ] && kill -0 $! 2>/dev/null; do :; done
	kill -HUP $! 2>/dev/null
	wait $!
	echo $?
)
ls

# A reader that goes away ends what is printed, not what is done.
rm out.sqlite3
{ backup-cli restore log.bkp out.sqlite3; echo $? >code; } | true
cat code
ls out.sqlite3
