# What bash completes: commands, options, values, versions, times, tables; and that it is what --help has.
# In the script of bash's own, so that the shell that reads the cases need not be bash.
command -v bash >/dev/null || { echo "skipped: no bash"; exit 77; }
make_node 60
completion=$(cd "$(dirname "$1")/../../cli/completion" && pwd)
fuse=$(dirname "$PLUGIN")/../fusefs
PATH=$fuse:$PATH
script=$PWD/complete
cat >complete <<'END'
complete() { :; } # the script registers its functions: here they are called
compopt() { :; }
. "$1/$2"
function=_${2//-/_}
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
$function
printf '%s\n' "${COMPREPLY[@]}"
END
# The words up to the one to complete.
c() {
	printf '$ %s\n' "$*"
	bash "$script" "$completion" "$@" | tr '\n' ' ' | sed 's/ $//; s/[0-9]\{8\}T[0-9]\{6\}Z/TIME/g'
	echo
}
c backup-cli ''
c backup-cli re
c backup-cli help ex
c backup-cli log --
c backup-cli log --s
c backup-cli nothing --
c backup-cli query --mode ''
c backup-cli query --mode t
c backup-cli extract --format ''
c backup-cli server --log-mode ''
c backup-cli server --log-level ''
c backup-cli show log.bkp 5
c backup-cli diff log.bkp l
c backup-cli restore log.bkp --version h
c backup-cli show log.bkp head
c backup-cli log log.bkp --until ''
c backup-cli log log.bkp -t ht
c backup-cli history log.bkp pay
(cd node && c backup-cli history pay)
c backup-cli history --lightning-dir node sc
c backup-cli log lo
c backup-cli restore --lightning-dir no
c backup-cli mirror re
c backup-cli key re
c backup-fuse -
c backup-fuse -o u
# No option of any command is left out, and none is made up.
for command in $(backup-cli --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
	backup-cli $command --help | grep -o -e '--[a-z][a-z-]*' | sort -u >help
	bash "$script" "$completion" backup-cli $command -- | grep . | sort -u >completed
	diff help completed >difference || { echo "$command:"; cat difference; }
done
# A log that is none, a disk that is away: nothing, and no word of it.
c backup-cli show nothing.bkp --
c backup-cli log nothing.bkp --at 2
