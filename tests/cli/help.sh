t backup-cli --version
t backup-cli --help
t backup-cli help
t backup-cli
t backup-cli init --help
t backup-cli restore -h
t backup-cli log --help
t backup-cli verify --help
t "$PLUGIN"
t "$PLUGIN" --version
t "$PLUGIN" --help
t "$PLUGIN" --bogus
