# A sealed log: what opens it, and what does not; and the way back from twelve words.
words="hockey enroll sure trip track rescue original plate abandon abandon abandon account"
echo "$words" >words
echo "hockey enroll sure trip track rescue original plate abandon abandon abandon zoo" >others
echo right >pass
echo wrong >mistyped
echo 7777777777777777777777777777777777777777777777777777777777777777 >secret
ids() {
	sed 's/age1[a-z0-9]\{20,\}/AGE/g'
}

# How many keyframes there are is the follower's matter.
counts() {
	sed 's/[0-9][0-9]* \(frame\|keyframe\|page\)s\{0,1\}\>/N \1s/g; /^Not looked at: the pages/d'
}

# The file that lightningd makes of these words.
hsm_secret() {
	{ dd if=/dev/zero bs=32 count=1 2>/dev/null && printf %s "$words"; } >"$1"
}

mkdir node
t backup-cli init --seal --lightning-dir node log.bkp
ls node
t backup-cli init --pad --lightning-dir node log.bkp
t backup-cli init --seal=nobody --lightning-dir node log.bkp
t backup-cli init --seal=age:age1nobody --lightning-dir node log.bkp
hsm_secret node/hsm_secret
t backup-cli init --seal --seal=passphrase --passphrase-fd 3 --lightning-dir node log.bkp 3<pass
stat -c '%a %n' node/backup.key log.bkp
cat node/backup.lock
backup-cli key list --lightning-dir node | ids
simnode --plugin "$PLUGIN" --dir node --generate 300
simnode --plugin "$PLUGIN" --dir node --generate 320

# Each way in, and each way not.
one() {
	printf '$ backup-cli log --limit 1 %s\n' "$*"
	code=0
	backup-cli log --limit 1 "$@" 2>&1 | sed 's/  TIME.*//; s/  20.*//' || code=$?
}
one --lightning-dir node
one --key-file node/backup.key log.bkp
one --hsm-secret node/hsm_secret log.bkp
one --words-fd 3 log.bkp 3<words
one --passphrase-fd 3 log.bkp 3<pass
one log.bkp
one --passphrase-fd 3 log.bkp 3<mistyped
one --words-fd 3 log.bkp 3<others
one --secret-fd 3 log.bkp 3<secret
one --secret-fd 3 log.bkp 3<pass
one --key-file words log.bkp
one --words-fd 9 log.bkp
one --words-fd nine log.bkp
t backup-cli verify log.bkp | counts
t backup-cli verify --lightning-dir node | counts

# One more, without a byte of the log written anew; one less, with another key for all who are left.
backup-cli key add --lightning-dir node key-file:more.key
one --key-file more.key log.bkp
backup-cli key list --lightning-dir node | ids
cp log.bkp before.bkp
recipient=$(sed -n 's/# recipient: //p' more.key)
backup-cli key remove --lightning-dir node "$recipient" 2>&1 | ids
one --key-file more.key log.bkp
one --key-file more.key before.bkp
backup-cli key list --lightning-dir node | ids
backup-cli key remove --lightning-dir node "$recipient" 2>&1 | ids
simnode --plugin "$PLUGIN" --dir node --generate 340

# Twelve words and a URL: a machine that has nothing else.
mkdir bare
t backup-cli restore --words-fd 3 --with-hsm-secret log.bkp bare 3<words
cmp bare/hsm_secret node/hsm_secret && echo "the same words"
same bare/lightningd.sqlite3 node/lightningd.sqlite3
t backup-cli restore --words-fd 3 --with-hsm-secret log.bkp bare/other.sqlite3 3<words
t backup-cli restore --with-hsm-secret log.bkp bare/other.sqlite3
t backup-cli init --words-fd 3 --lightning-dir bare log.bkp 3<words
mkdir by-passphrase
t backup-cli restore --passphrase-fd 3 log.bkp by-passphrase 3<pass | grep Next
# What backup.lock named opened it.
mkdir by-lock
(cd bare && t backup-cli restore ../by-lock | grep Next)
stat -c '%a %n' bare/backup.key
cat bare/backup.lock
simnode --plugin "$PLUGIN" --dir bare --generate 360
t backup-cli verify --lightning-dir bare | counts

# A mirror needs no key, and has all: back from it, without the node.
backup-cli mirror --lightning-dir bare add "file://$PWD/mirror.bkp" >/dev/null
backup-cli mirror --lightning-dir bare quorum 2 >/dev/null
simnode --plugin "$PLUGIN" --dir bare --generate 380
cmp log.bkp mirror.bkp && echo "byte for byte"
t backup-cli verify mirror.bkp | counts
# So does a copy; one who gave a key is told if it is another.
t backup-cli copy mirror.bkp copy.bkp
cmp log.bkp copy.bkp && echo "byte for byte"
t backup-cli copy --words-fd 3 log.bkp copied.bkp 3<others
t backup-cli copy --words-fd 3 log.bkp copied.bkp 3<words | sed 's/, of .* (/, of TIME (/'
cmp log.bkp copied.bkp && echo "byte for byte"
mkdir again
t backup-cli restore --words-fd 3 mirror.bkp again 3<words | sed -n 1p
same again/lightningd.sqlite3 bare/lightningd.sqlite3
t backup-cli status --lightning-dir bare | head -3
backup-cli mirror --lightning-dir bare quorum 1 >/dev/null
backup-cli mirror --lightning-dir bare remove "file://$PWD/mirror.bkp" >/dev/null

# A key file that is gone; a log in the clear where a sealed one should be.
mv bare/backup.key key.aside
simnode --plugin "$PLUGIN" --dir bare --generate 381 2>&1 | grep -o 'the log is sealed.*' | head -1
mv key.aside bare/backup.key
mv log.bkp sealed.bkp
backup-cli init --lightning-dir "$PWD/nowhere" log.bkp >/dev/null 2>&1
mkdir other
backup-cli init --lightning-dir other log.bkp >/dev/null
simnode --plugin "$PLUGIN" --dir bare --generate 381 2>&1 | grep -o '[^ ]* is in the clear.*its place' | head -1

t backup-cli restore --words-fd 3 log.bkp clear.sqlite3 3<words
# Nor does init take it, or make one.
t backup-cli init --words-fd 3 --lightning-dir other log.bkp 3<words
t backup-cli init --lightning-dir bare log.bkp
t backup-cli init --lightning-dir bare new.bkp
grep key_file bare/backup.lock
mkdir third
t backup-cli init --words-fd 3 --lightning-dir third new.bkp 3<words
ls third

# A log in the clear is sealed by its successor.
hsm_secret other/hsm_secret
simnode --plugin "$PLUGIN" --dir other --generate 200
t backup-cli compact --seal log.bkp
t backup-cli compact --seal --lightning-dir other
cat other/backup.lock
one log.bkp
t backup-cli verify --deep --lightning-dir other | counts
simnode --plugin "$PLUGIN" --dir other --generate 220
t backup-cli compact --seal --lightning-dir other
t backup-cli compact --lightning-dir other

# What the command line gives is read once.
mkdir fourth
t backup-cli init --lightning-dir fourth fourth.bkp
simnode --plugin "$PLUGIN" --dir fourth --generate 20
t backup-cli compact --seal --seal=passphrase --words-fd 3 --passphrase-fd 4 --lightning-dir fourth 3<words 4<pass
one --passphrase-fd 3 fourth.bkp 3<pass
one --words-fd 3 fourth.bkp 3<words
