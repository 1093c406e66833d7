# How two versions differ.
make_node 30
t backup-cli diff log.bkp head~1 head
t backup-cli diff log.bkp 20 21
t backup-cli diff --summary log.bkp 10 head
t backup-cli diff --summary --json log.bkp 20 head
t backup-cli diff --table vars log.bkp 12 10
t backup-cli diff --json --table VARS log.bkp 10 12
t backup-cli diff --summary log.bkp 1 2
t backup-cli diff log.bkp 7 7
t backup-cli diff log.bkp 7 99
t backup-cli diff log.bkp 7 soon
t backup-cli diff --table nothing log.bkp 7 8
t backup-cli diff --table htlc log.bkp 7 8
t backup-cli diff log.bkp 7
(cd node && t backup-cli diff --summary 10 11)
# Each object is valid, and all values are whole.
backup-cli diff --json log.bkp 3 head 2>/dev/null | sed -n 's/^{"table":"\([^"]*\)",.*}$/\1/p' | sort | uniq -c
