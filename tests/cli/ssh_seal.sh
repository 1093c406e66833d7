# Twelve words and a URL, of a sealed mirror on another computer: all that is left of a node.
. "$(dirname "$1")/../support/sshd.inc"
sshd_can || exit 77
mkdir srv node
trap sshd_stop EXIT
sshd_start "command=\"$(command -v backup-cli) server --stdio --root $PWD/srv --append-only\",restrict" || exit 77
words="hockey enroll sure trip track rescue original plate abandon abandon abandon account"
echo "$words" >words
{ dd if=/dev/zero bs=32 count=1 2>/dev/null && printf %s "$words"; } >hsm_secret
cp hsm_secret node
url=ssh://127.0.0.1/node.bkp
backup-cli init --seal --lightning-dir node --mirror $url --quorum 2 log.bkp >/dev/null 2>&1
simnode --plugin "$PLUGIN" --dir node --generate 200
cmp log.bkp srv/node.bkp && echo "the same bytes"
mv node/lightningd.sqlite3 was.sqlite3
rm -r node log.bkp

# What needs no key.
t backup-cli verify $url | sed -e '/frames, .* keyframe/d'
t backup-cli copy $url copy.bkp
cmp copy.bkp srv/node.bkp && echo "the same bytes"
t backup-cli log --limit 1 $url

mkdir bare
t backup-cli restore --words-fd 3 --with-hsm-secret $url bare 3<words
same bare/lightningd.sqlite3 was.sqlite3
cmp bare/hsm_secret hsm_secret && echo "the same words"
# What it says is next: sealed again.
t backup-cli init --seal --lightning-dir bare new.bkp 2>&1 | grep sealed
t backup-cli mirror --lightning-dir bare add --anew $url
mv srv/node.bkp srv/was.bkp
t backup-cli mirror --lightning-dir bare add $url
simnode --plugin "$PLUGIN" --dir bare --generate 220
cmp new.bkp srv/node.bkp && echo "the same bytes"
