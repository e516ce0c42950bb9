# Read by interactive shells.
PS1='\u@\h:\w\$ '
shopt -s checkwinsize
alias ll='ls -l'
