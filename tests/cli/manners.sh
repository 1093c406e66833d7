# Progress and colour: on a terminal, and nowhere else.
command -v script >/dev/null || { echo "skipped: no script(1) to have a terminal from"; exit 77; }
export TERM=xterm
make_node 60
mkdir other
backup-cli init --lightning-dir other keyframes.bkp >/dev/null
echo "{\"backend_url\": \"file://$PWD/keyframes.bkp\", \"keyframe_changes\": 4}" >other/backup.lock
simnode --plugin "$PLUGIN" --dir other --generate 60 --pause 30 >/dev/null

# The kinds of lines that a command on a slow disk sends to a terminal, as far as work is.
slow="env SLOWREAD_MS=4 LD_PRELOAD=$SLOWREAD"
progress() {
	printf '$ %s\n' "$*"
	script -qec "$slow $*" /dev/null </dev/null | tr '\r' '\n' | grep ' left' |
		sed -E 's/ +$//; s/[0-9]+%/N%/; s/[0-9]+ ([a-z]+)\/s/N \1\/s/; s/[0-9]+ s left/N s left/' | sort -u
}
progress backup-cli verify --deep --threads 1 keyframes.bkp
progress backup-cli history keyframes.bkp vars data_version
echo "piped:"
$slow backup-cli history keyframes.bkp vars data_version 2>&1 | grep -c ' left'

# Ctrl-C ends the line that stands there, and the command.
printf '\003' >key
status=0
{ sleep 1.5; cat key; sleep 1; } | script -qec "$slow backup-cli verify --deep --threads 1 keyframes.bkp" /dev/null >sent || status=$?
grep -c 'No damage' sent
echo $status
ls

coloured() {
	printf '$ %s\n' "$*"
	script -qec "$*" /dev/null </dev/null | tr -d '\r' | sed -E 's/\x1b/<ESC>/g; s/[0-9]{4}(-[0-9]{2}){2} [0-9:]{8} \+0000/TIME/' | head -n 3
}
coloured backup-cli diff log.bkp head~1 head
coloured PAGER= backup-cli log --limit 1 log.bkp
coloured PAGER= NO_COLOR=1 backup-cli log --limit 1 log.bkp
coloured PAGER= TERM=dumb backup-cli log --limit 1 log.bkp
coloured "backup-cli diff log.bkp head~1 head | cat"
