# What the programs leave behind when things go wrong: no core, no value of a statement, never silence.
make_node 20
url=file://$PWD/log.bkp

# Neither program can be dumped or looked into, but with the debug option; as a process of its own sees it.
dumpable() { # COMMAND...: whether /proc says that its memory is its user's to see
	"$@" <&3 >/dev/null 2>&1 &
	pid=$!
	sleep 0.5
	if [ "$(grep -c '^Max core file size  *0  *0 ' /proc/$pid/limits)" = 1 ]; then echo "no core"; else echo "a core"; fi
	kill -9 $pid
	wait $pid 2>/dev/null
}
mkfifo hold
exec 3<>hold
ulimit -c unlimited 2>/dev/null || true
cd node
dumpable env LIGHTNINGD_PLUGIN=1 "$PLUGIN"
dumpable env LIGHTNINGD_PLUGIN=1 BK_DEBUG_CORE=1 "$PLUGIN"
cd ..
exec 3>&-

# A limit on the size of files is met with words.
cat >limited <<END
#!/bin/sh
ulimit -f $(($(stat -c %s log.bkp) / 512 + 8))
exec "$PLUGIN"
END
chmod 755 limited
simnode --plugin "$PWD/limited" --dir node --generate 4000 >said 2>&1
echo "exit $?"
grep -o 'File too large' said | head -n 1
grep -o 'lift the limit on the size of files' said | head -n 1
flock log.bkp true # the plugin ends a little later
(
	ulimit -f 1
	t backup-cli init --lightning-dir node other.bkp
	t backup-cli restore "$url" restored.sqlite3
)
ls
t backup-cli restore "$url" restored.sqlite3 | grep -c '^Restored'

# Pipes where the plugin reads.
rm node/backup.lock
mkfifo node/backup.lock
timeout 20 simnode --plugin "$PLUGIN" --dir node --generate 4000 >said 2>&1
echo "exit $?"
grep -o 'it is not a file but a pipe or a device' said | head -n 1
rm node/backup.lock
echo "{\"backend_url\": \"file://$PWD/pipe.bkp\"}" >node/backup.lock
mkfifo pipe.bkp
timeout 20 simnode --plugin "$PLUGIN" --dir node --generate 4000 >said 2>&1
echo "exit $?"
grep -o 'it is not a file but a pipe or a device' said | head -n 1

# A log that all may read, in a directory that lets them in.
echo "{\"backend_url\": \"$url\"}" >node/backup.lock
chmod 644 log.bkp
simnode --plugin "$PLUGIN" --dir node --generate 30 --log 2>&1 | grep -o 'any user of this computer can read the log'
chmod 600 log.bkp
simnode --plugin "$PLUGIN" --dir node --generate 40 --log 2>&1 | grep -c 'any user of this computer' || true
