# The statements of a version.
make_node 10
t backup-cli show log.bkp 8
t backup-cli show log.bkp
t backup-cli show log.bkp head~3
t backup-cli show --json log.bkp 6
t backup-cli show log.bkp 99
t backup-cli show log.bkp 7 8
t backup-cli show
(cd node && t backup-cli show 8 && t backup-cli show ../log.bkp 8)
t backup-cli show --lightning-dir node 8
# All of them, and what --json gives is what was written.
backup-cli show --json log.bkp 1 | wc -l
backup-cli show log.bkp 7 | grep -c ';$'
