# A mirror on another computer, over a real sshd on loopback: brought level, waited for, its forced
# command, what it says of what it cannot do.
. "$(dirname "$1")/../support/sshd.inc"
sshd_can || exit 77
mkdir srv node
trap sshd_stop EXIT
sshd_start "command=\"$(command -v backup-cli) server --stdio --root $PWD/srv --append-only\",restrict" || exit 77
cut_url() { # the port differs from run to run, and the file systems from computer to computer
	grep -v -e 'is on the same' -e '^Load the plugin' -e '^hsm_secret'
}
run_node() {
	simnode --plugin "$PLUGIN" --dir node --generate "$@" --log 2>&1 | grep -e mirror -e places -e refuse | sort
}
url=ssh://127.0.0.1/node.bkp
t backup-cli init --lightning-dir node --mirror $url --mirror m2.bkp --quorum 2 log.bkp | cut_url
run_node 200
t backup-cli mirror --lightning-dir node
cmp log.bkp srv/node.bkp && cmp log.bkp m2.bkp && echo "the same bytes"
ls srv

# It is read from afar: listed, verified, restored.
t backup-cli log --limit 2 $url
t backup-cli verify $url | sed -e '/^It is the database/d' -e '/frames, .* keyframe/d' -e '/^Not looked at/d'
mkdir there
t backup-cli restore $url there
same node/lightningd.sqlite3 there/lightningd.sqlite3
t backup-cli restore --version 20 $url old.sqlite3 | head -2
t backup-cli log ssh://127.0.0.1/none.bkp

# Its server takes no client's word for a new beginning, no name that leads elsewhere, nothing else.
t backup-cli mirror --lightning-dir node reset $url
t backup-cli mirror --lightning-dir node add ssh://127.0.0.1/node.bkp.durable
ssh 127.0.0.1 cat /etc/passwd </dev/null 2>&1
echo "[exit $?]"

# Another log is not taken.
mkdir other
t backup-cli init --lightning-dir other --mirror $url other.bkp 2>&1 | sed 's/([0-9a-f]*)/(ID)/' | cut_url

# No sshd, or no key: named, with what ssh says.
sshd_stop
sed -i "s/Port .*/Port 1/" ssh/ssh_config
t backup-cli mirror --lightning-dir node
