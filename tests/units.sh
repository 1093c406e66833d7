#!/bin/sh
# The units of systemd as they are installed: systemd understands them, and finds them locked in. Needs no
# running systemd.
#   units.sh BUILD
set -eu
command -v systemd-analyze >/dev/null || { echo "skipped: the units: no systemd-analyze"; exit 77; }
systemd-analyze security --help | grep -q -e --offline || { echo "skipped: the units: systemd-analyze is older than 250"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/usr" >/dev/null
units=$work/usr/lib/systemd/system
bad=0
wrong() {
	echo "$*"
	bad=1
}
if ! systemd-analyze verify --man=no "$units"/lightning-backup-* >"$work/said" 2>&1 || [ -s "$work/said" ]; then
	wrong "systemd-analyze verify: $(cat "$work/said")"
fi
for unit in "$units"/*.service; do
	name=${unit##*/}
	exposure=$(systemd-analyze security --offline=true "$unit" 2>/dev/null | grep Overall | grep -o '[0-9][0-9.]*' | tail -n 1)
	echo "$name $exposure"
	awk -v is="$exposure" 'BEGIN {exit !(is != "" && is <= 2.0)}' || wrong "$name: an exposure of $exposure, over 2.0"
done
[ "$(find "$units" -name '*.timer' | wc -l)" = 3 ] || wrong "not three timers"
for timer in "$units"/*.timer; do
	[ -e "${timer%.timer}.service" ] || wrong "$timer starts nothing"
done
exit $bad
