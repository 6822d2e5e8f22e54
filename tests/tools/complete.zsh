# SPDX-License-Identifier: BSD-3-Clause
#
# Prints what zsh completes a line to: the candidates for its last word, a line each, sorted. They are
# those of an interactive zsh on a terminal of its own, to which compadd gives them.
#
# usage: zsh -f complete.zsh FOLDER LINE
#   FOLDER is where the function _zmalloc is

zmodload zsh/zpty

captured=$(mktemp)

# wait_for FILE: a minute is more than it takes; what the shell writes has to be read.
wait_for() {
    local junk
    repeat 600; do
        [[ ! -e $1 ]] || return 0
        sleep 0.1
        zpty -r -t shell junk
    done
    return 1
}

# compadd with -O, -A or -D only asks; else what it adds is what is shown.
zpty -b shell zsh -f -i
zpty -w shell "PS1= RPS1=
fpath=(${(q)1} \$fpath)
autoload -U compinit
compinit -u -D
compadd() {
    local -a found
    if [[ \" \${@[1,(i)(-|--)]} \" == *' -'[a-zA-Z]#[OAD]' '* ]]; then
        builtin compadd \"\$@\"
        return
    fi
    builtin compadd -A found \"\$@\"
    print -rl -- \$found >>$captured
    builtin compadd \"\$@\"
}
tell() {
    mv $captured $captured.done
}
zle -N tell
bindkey '^X' tell
setopt extendedglob
: >$captured.ready"
wait_for $captured.ready || exit
zpty -w -n shell "$2"$'\t\x18'
wait_for $captured.done || exit
grep . $captured.done | sort -u
rm -f $captured.done $captured.ready
zpty -d shell
