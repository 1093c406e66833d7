# Wrong arguments: exit 2, and where help is.
t backup-cli frobnicate
t backup-cli --frobnicate
t backup-cli lgo
t backup-cli vefiry log.bkp
t backup-cli resotre log.bkp x
t backup-cli --json
t backup-cli init
t backup-cli init a b c
t backup-cli init --lightning-dir
t backup-cli init --frobnicate x
t backup-cli init --lightning-dir . a b
t backup-cli restore
t backup-cli restore log.bkp
t backup-cli restore log.bkp dest more
t backup-cli restore --version log.bkp dest
t backup-cli restore --version 4294967296 log.bkp dest
t backup-cli restore --version -1 log.bkp dest
t backup-cli restore --version 1 --at now log.bkp dest
t backup-cli log
t backup-cli log a b
t backup-cli log --limit
t backup-cli log -n
t backup-cli log -x log.bkp
t backup-cli log --json=yes log.bkp
t backup-cli log --since
t backup-cli log --sinec now log.bkp
t backup-cli log --si=2h log.bkp
t backup-cli log --l 1 log.bkp
t backup-cli log -
t backup-cli log --since '1 fortnight' log.bkp
t backup-cli log --until '' log.bkp
t backup-cli log ftp://host/x.bkp
t backup-cli log --limit 0 log.bkp
t backup-cli log --limit many log.bkp
t backup-cli log --frobnicate log.bkp
t backup-cli verify
t backup-cli verify --threads 0 log.bkp
t backup-cli verify --threads 2 log.bkp
t backup-cli verify --deep --against node/lightningd.sqlite3 log.bkp
t backup-cli verify --threads 2 --against node/lightningd.sqlite3 log.bkp
t backup-cli verify --deep --threads
t backup-cli verify http://x/y
t backup-cli verify --lightning-dir node log.bkp
t backup-cli restore --version x log.bkp dest
t backup-cli restore --at 'some day' log.bkp dest
t backup-cli restore log.bkp -
t backup-cli restore - dest
t backup-cli restore ftp://x/y dest

# Options may stand behind arguments, up to --.
make_node 5
t backup-cli log log.bkp --limit 1
t backup-cli restore log.bkp out.sqlite3 --version 2
t backup-cli verify log.bkp --json --threads 0
mkdir new
backup-cli init new.bkp --lightning-dir new >/dev/null
ls new
t backup-cli log -- log.bkp --limit

# What it prints must arrive somewhere.
t sh -c 'backup-cli log log.bkp >/dev/full'
t sh -c 'backup-cli log --json log.bkp >/dev/full'
t sh -c 'backup-cli verify log.bkp >/dev/full'
t sh -c 'backup-cli restore log.bkp full.sqlite3 >/dev/full'
t sh -c 'backup-cli --help >/dev/full'

# Nor is it written into a log or a database that takes a closed one's place.
cp log.bkp before.bkp
t sh -c 'backup-cli log log.bkp >&-'
t sh -c 'backup-cli restore log.bkp closed.sqlite3 >&- 2>&- <&-'
t sh -c 'backup-cli verify nothing.bkp 2>&-'
cmp log.bkp before.bkp
t backup-cli verify --against closed.sqlite3 log.bkp
rm before.bkp closed.sqlite3

# What is no file at all.
mkfifo fifo
for command in log verify 'verify --against node/lightningd.sqlite3'; do
	t timeout 20 backup-cli $command fifo
	t timeout 20 backup-cli $command /dev/zero
	t timeout 20 backup-cli $command node
	t timeout 20 backup-cli $command nothing.bkp
done
t timeout 20 backup-cli restore fifo x.sqlite3
t timeout 20 backup-cli restore node x.sqlite3
t backup-cli restore log.bkp ''
ls
