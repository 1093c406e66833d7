# plants.sh - every name beside a log, laid out by the user in that user's directory, and every command of root's that
# reads or writes there: root's file stays as it is, nothing is made in root's directory, nobody waits, nothing is told.
. "$BK_KIT"

# plant KIND NAME: as the user, at NAME.
plant() {
	as_user rm -rf "$2"
	case $1 in
	link) as_user ln -s "$work/root/precious" "$2" ;;
	dangling) as_user ln -s "$work/root/nothing" "$2" ;;
	pipe) as_user mkfifo "$2" ;;
	zeros) as_user ln -s /dev/zero "$2" ;;
	directory) as_user mkdir "$2" ;;
	esac
}
# run WHAT COMMAND...: ends by itself within 20 s, however it ends.
run() {
	what=$1
	shift
	got=0
	said=$(timeout 20 "$@" 2>&1 </dev/null) || got=$?
	[ $got -le 3 ] || fail "$what: exit $got: $said"
	case $said in *"of some length"* | *"version 9"*) fail "$what: tells of root's: $said" ;; esac
	[ "$(cd root && echo *)" = "own.bkp precious" ] || fail "$what: made in root's directory: $(ls root)"
	untouched
}
# As root, beside what the user planted: the files that status puts where it is told to.
figures() {
	for option in "--prometheus --output" --plot; do
		# shellcheck disable=SC2086
		try "$1: status $option" 0 backup-cli status $option mine/figures root/own.bkp
		[ ! -L mine/figures ] && [ -f mine/figures ] && [ "$(stat -c %u mine/figures)" = 0 ] ||
			fail "$what: $(ls -l mine)"
		untouched
		rm -f mine/figures
	done
}
# Each command of root's, about the user's node, or about the user's log alone.
commands() {
	for command in log verify "verify --deep" "verify --part 1/2" status drill show "diff head~1 latest" \
		"history vars" "query SELECT(1)" "extract --table=t" emergency "mirror list" \
		"mirror add $work/disk/mirror.bkp" "mirror quorum 2" "compact --dry-run" "compact --keep-daily=1d" \
		"compact --set-policy --keep-daily=1d"; do
		case $command in
		drill) there="--dir $work/disk" ;;
		*) there= ;;
		esac
		# shellcheck disable=SC2086
		run "$1: $command, by the directory" backup-cli $command $there --lightning-dir node
		case $command in
		mirror* | "compact --set-policy"*) continue ;;
		diff* | history*) run "$1: $command" backup-cli ${command%% *} "$work/mine/n.bkp" ${command#* } ;;
		query*) run "$1: $command" backup-cli query "$work/mine/n.bkp" "SELECT 1" ;;
		*) run "$1: $command" backup-cli $command $there "$work/mine/n.bkp" ;;
		esac
	done
	rm -f disk/mirror.bkp* disk/copy* disk/out*
	run "$1: copy" backup-cli copy "$work/mine/n.bkp" disk/copy.bkp
	run "$1: restore" backup-cli restore "$work/mine/n.bkp" disk/out.sqlite3
	rm -f disk/out*
	run "$1: restore, by the directory" backup-cli restore --lightning-dir node disk/out.sqlite3
	run "$1: init" backup-cli init --lightning-dir node "$work/mine/n.bkp"
	run "$1: init --replace" backup-cli init --replace --lightning-dir node "$work/mine/n.bkp"
	run "$1: import" backup-cli import "$work/mine/n.bkp" disk/imported.bkp
}

# The user's node, with a log of its own, and root's log.
begin() {
	fresh
	chmod 777 disk
	database node/lightningd.sqlite3 7
	chown $user node/lightningd.sqlite3
	as_user backup-cli init --lightning-dir node "$work/mine/n.bkp" >/dev/null
	mkdir other
	database other/lightningd.sqlite3 9
	backup-cli init --lightning-dir other root/own.bkp >/dev/null
	rm -rf other
}

for kind in link dangling pipe zeros directory; do
	case $kind in
	link | pipe) beside=".new .successor .successor.new .state .state.new .durable .next .replacing" ;;
	*) beside=".new .successor .state" ;;
	esac
	for name in $beside; do
		begin
		plant $kind mine/n.bkp$name
		commands "$kind n.bkp$name"
	done
	for name in mine/n.bkp node/backup.lock node/lightningd.sqlite3; do
		begin
		plant $kind $name
		commands "$kind $name"
	done
done
# A name that can be guessed, where root, who works for nobody here, is to write.
for kind in link dangling pipe zeros; do
	for name in mine/figures mine/figures.new; do
		begin
		plant $kind $name
		figures "$kind $name"
	done
done
begin
echo "the user's, open for writing" >mine/figures.new
chown $user mine/figures.new
figures "a file figures.new"
begin
ln root/precious mine/figures.new
precious=$(stat -c '%i %s %u %a %Y' root/precious)
figures "root's own file, linked to as figures.new"
# The log is a link to root's, and backup.lock names it.
begin
as_user rm mine/n.bkp
as_user ln -s "$work/root/own.bkp" mine/n.bkp
commands "a link to root's log"
exit $bad
