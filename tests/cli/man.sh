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

# A longer command has a page of its own, the others are in backup-cli(1).
page_of() { # COMMAND
	if [ -e "$docs/backup-cli-$1.1" ]; then
		cat "$docs/backup-cli-$1.1"
	else
		sed -n "/^\.Ss $1\$/,/^\.S[sh] /p" "$docs/backup-cli.1" | sed '$d'
	fi
}
# The synopsis, once for each way to call it; options of another program are not in it.
synopsis_of() { # COMMAND
	if [ -e "$docs/backup-cli-$1.1" ]; then
		sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$docs/backup-cli-$1.1"
	else
		sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$docs/backup-cli.1" |
			awk -v want="$1" '/^\.Cm/ {on = $2 == want} on'
	fi
}
for command in $(backup-cli --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
	backup-cli $command --help | in_help >help
	page_of $command | sed '/^\.Sh SYNOPSIS/,/^\.Sh DESC/d' | in_page >page
	compare help page "$command"
	synopsis_of $command | in_page >synopsis
	grep -v -e --wallet help >own
	compare own synopsis "$command, its synopsis"
	# backup-cli(1) names each, and where more of it is.
	grep -qx ".Ss $command" "$docs/backup-cli.1" || echo "$command: not in backup-cli(1)"
	[ ! -e "$docs/backup-cli-$command.1" ] || grep -qF ".Xr backup-cli-$command 1" "$docs/backup-cli.1" ||
		echo "$command: backup-cli(1) does not name its page"
done
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$docs"/*.[1-8]
fi

# The usage line of restore names the option that it is dangerous not to know.
backup-cli restore --help | sed '/^$/q' | in_help

"$fuse" --help | in_help >help
in_page <"$docs/backup-fuse.1" >page
compare help page backup-fuse
