# No argument of lightningd's keeps the plugin from its work; of a person's it tells.
ask() {
	printf '{"jsonrpc":"2.0","id":1,"method":"getmanifest","params":{}}\n\n' |
		LIGHTNINGD_PLUGIN=1 "$PLUGIN" "$@" | grep -o '"name":"db_write"\|with \\"[^"]*"'
}
t ask
t ask --developer
t ask --developer --some-day=1 --help
t "$PLUGIN" -V
t "$PLUGIN" --developer
