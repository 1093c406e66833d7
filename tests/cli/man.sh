# --help and the manual pages name the same long options.
docs=$(dirname "$1")/../../docs
fuse=$(dirname "$PLUGIN")/../fusefs/backup-fuse

in_help() { # in what is read
	grep -o -e '--[a-z][a-z-]*' | sort -u
}
in_page() {
	grep -o 'Fl -[a-z][a-z-]*' | sed 's/Fl -/--/' | sort -u
}
compare() { # A B OF
	[ -s "$1" ] || echo "$3: none"
	diff -u "$1" "$2" && echo "$3: $(tr '\n' ' ' <"$1")"
}

for command in init log mirror restore server verify; do
	backup-cli $command --help | in_help >help
	sed -n "/^\.Ss $command\$/,/^\.S[sh] /p" "$docs/backup-cli.1" | sed '$d' | in_page >page
	compare help page "$command"
	# The synopsis, once for each way to call it; options of another program are not in it.
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$docs/backup-cli.1" |
		awk -v want="$command" '/^\.Cm/ {on = $2 == want} on' | in_page >synopsis
	grep -v -e --wallet help >own
	compare own synopsis "$command, its synopsis"
done

# The usage line of restore names the option that it is dangerous not to know.
backup-cli restore --help | sed '/^$/q' | in_help

"$fuse" --help | in_help >help
in_page <"$docs/backup-fuse.1" >page
compare help page backup-fuse
