# No key and no words are left lying about: in no core dump of a process at work, in no message, not in the log.
for program in gcore age python3; do
	command -v $program >/dev/null || { echo "there is no $program"; exit 77; }
done
words="zebra yard wrong woman wish winter window width wheel weird wealth waste"
echo "$words" >words
echo "correct horse battery staple" >pass
{ dd if=/dev/zero bs=32 count=1 2>/dev/null && printf %s "$words"; } >hsm_secret
mkdir node
backup-cli init --seal --seal=passphrase --hsm-secret hsm_secret --passphrase-fd 3 --lightning-dir node log.bkp \
	>init.out 2>&1 3<pass || cat init.out
simnode --plugin "$PLUGIN" --dir node --generate 300 >play.out 2>&1 || cat play.out

# The log's key, as the stock age has it out of the first slot; and the key file's own identity.
dd if=log.bkp bs=1 skip=220 count=232 of=slot.age 2>/dev/null
age -d -i node/backup.key slot.age >key && [ "$(stat -c %s key)" = 32 ] && echo "age opens the slot"
grep AGE-SECRET node/backup.key >identity

# Whether FILE holds any of them; a key is looked for as it is, the others as text.
look() { # WHAT FILE
	for secret in words pass identity; do
		grep -q -a -F -f $secret "$2" && echo "$1 holds the $secret"
	done
	# Three words in a row, in whatever form they stand.
	grep -q -a 'zebra yard wrong' "$2" && echo "$1 holds words"
	python3 - key "$2" <<'END' && echo "$1 holds the key"
import sys
key = open(sys.argv[1], "rb").read()
sys.exit(0 if key in open(sys.argv[2], "rb").read() else 1)
END
	echo "looked through $1"
}
look "what can be found" words # so that the search can be believed
cat key >copy
look "a copy" copy

# A process that has the log open, by each way in, and one that was at work for a while: what a core would have.
dump() { # NAME COMMAND...
	name=$1
	shift
	BK_DEBUG_CORE=1 "$@" >$name.out 2>&1 &
	pid=$!
	for _ in $(seq 100); do
		grep -q 'version' $name.out && break
		sleep 0.1
	done
	gcore -o $name.core $pid >/dev/null 2>&1
	kill $pid
	wait $pid 2>/dev/null
	grep -q -a 'data_version' $name.core.$pid || echo "the core of a reader by $name has nothing in it"
	look "the core of a reader by $name" $name.core.$pid
	look "what it printed" $name.out
}
dump words sh -c 'exec backup-cli log --follow --words-fd 3 log.bkp 3<words'
dump passphrase sh -c 'exec backup-cli log --follow --passphrase-fd 3 log.bkp 3<pass'
dump file backup-cli log --follow --key-file node/backup.key log.bkp
look "the log" log.bkp
look "what init printed" init.out
look "backup.lock" node/backup.lock
