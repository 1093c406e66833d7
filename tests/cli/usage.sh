# Wrong arguments: exit 2, and where help is.
t backup-cli frobnicate
t backup-cli --frobnicate
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
t backup-cli log --limit 0 log.bkp
t backup-cli log --limit many log.bkp
t backup-cli log --frobnicate log.bkp
t backup-cli verify
t backup-cli verify --threads 0 log.bkp
ls
