make_node 200

# A whole copy, of which restore gives the same.
t backup-cli copy log.bkp copy.bkp | sed 's/([0-9.]* [kKM]*B)/(...)/; s/, of .* ago)/, of .../; s/, of .* (just now)/, of .../'
stat -c %a copy.bkp
cmp log.bkp copy.bkp && echo the same
cd node
t backup-cli copy ../again.bkp | sed 's/([0-9.]* [kKM]*B)/(...)/; s/, of .*), to/, of ..., to/'
cd ..
cmp log.bkp again.bkp && echo the same
t backup-cli restore copy.bkp copied.sqlite3 >/dev/null
same copied.sqlite3 node/lightningd.sqlite3

# Of a log in use, with zeros ahead of its end, or a write under way, none of that.
cp log.bkp used.bkp
truncate -s +256K used.bkp
t backup-cli copy used.bkp of-used.bkp >/dev/null
cmp log.bkp of-used.bkp && echo the same
cp log.bkp torn.bkp
head -c 300 log.bkp | tail -c 100 >>torn.bkp
t backup-cli copy torn.bkp of-torn.bkp >/dev/null
cmp log.bkp of-torn.bkp && echo the same

# One that was copied with cp while it grew: up to the zeros, and said.
ends=$(stat -c %s log.bkp)
simnode --plugin "$PLUGIN" --dir node --generate 210 --calls 10 >/dev/null
cp log.bkp hole.bkp
dd if=/dev/zero of=hole.bkp bs=1 seek="$ends" count=500 conv=notrunc status=none
t backup-cli copy hole.bkp of-hole.bkp | sed 's/offset [0-9]*/offset .../; s/version [0-9]*/version .../; s/([0-9.]* [kKM]*B)/(...)/; s/, of .*), to/, of ..., to/'
t backup-cli verify of-hole.bkp >/dev/null
cmp copy.bkp of-hole.bkp && echo the same

# Over nothing, and nowhere else.
t backup-cli copy log.bkp copy.bkp
mkdir dir
t backup-cli copy log.bkp dir
t backup-cli copy log.bkp nowhere/copy.bkp
t backup-cli copy log.bkp -
t backup-cli copy log.bkp
t backup-cli copy
t backup-cli copy nothing.bkp x.bkp
t backup-cli copy --lightning-dir node one two three
echo 'no log' >other.bkp
t backup-cli copy other.bkp x.bkp
ls
