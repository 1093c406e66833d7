# How rows changed, version by version.
make_node 60
t backup-cli history log.bkp vars next_pay_index
t backup-cli history log.bkp vars data_version >all
grep -c data_version all
t backup-cli history log.bkp penalties 1 2
t backup-cli history log.bkp chan_heights 7
t backup-cli history --json log.bkp htlcs 1
t backup-cli history log.bkp schema_version
t backup-cli history log.bkp vars nothing
t backup-cli history log.bkp vars one two
t backup-cli history log.bkp nothing 1
t backup-cli history log.bkp vras
t backup-cli history log.bkp
(cd node && t backup-cli history schema_version && t backup-cli history ../log.bkp schema_version)
t backup-cli history --lightning-dir node schema_version
# What it tells of the last version is what the node has.
backup-cli history log.bkp chans 1 | wc -l
# Before the first change there is nothing to tell.
mkdir fresh
backup-cli init --lightning-dir fresh fresh.bkp >/dev/null 2>&1
t backup-cli history fresh.bkp vars
