t backup-cli --version
t backup-cli --help
t backup-cli -V
t backup-cli help
t backup-cli help log
t backup-cli help lgo
t backup-cli log -V
t backup-cli
t backup-cli init --help
t backup-cli restore -h
t backup-cli log --help
t backup-cli mirror --help
t backup-cli server --help
t backup-cli verify --help
t backup-cli status --help
t backup-cli drill --help
t backup-cli copy --help
t backup-cli show --help
t backup-cli diff --help
t backup-cli history --help
t backup-cli query --help
t backup-cli extract --help
t backup-cli emergency --help
t backup-cli import --help
t backup-cli server --help
t "$PLUGIN"
t "$PLUGIN" --version
t "$PLUGIN" --help
t "$PLUGIN" --bogus

# No help is wider than a terminal.
fuse=$(dirname "$PLUGIN")/../fusefs/backup-fuse
for command in "" $(backup-cli --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
	backup-cli help $command
done >helps
"$PLUGIN" --help >>helps
"$fuse" --help >>helps
grep -c Usage: helps
grep -n '.\{81\}' helps || echo 'no line is wider than 80'
