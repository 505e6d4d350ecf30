#!/bin/sh
# Ends the process groups it was told about once its standard input closes, that is when the process that started them
# is gone, however it went (also kill -9). Lines: "add WAVE SIGNAL PGID" and "remove PGID".
# Wave 1 (services) ends before wave 2 (database, Redis, S3), so that services can still say good-bye to those.
trap '' INT TERM HUP
list=""
while read -r verb wave signal pgid; do
  case $verb in
    add) list="$list $wave:$signal:$pgid" ;;
    remove)
      kept=""
      for entry in $list; do [ "${entry##*:}" = "$wave" ] || kept="$kept $entry"; done
      list=$kept
      ;;
  esac
done
[ -n "$list" ] || exit 0

alive() {
  for entry in $list; do
    case $entry in "$1":*) kill -0 "-${entry##*:}" 2>/dev/null && return 0 ;; esac
  done
  return 1
}

for wave in 1 2; do
  for entry in $list; do
    rest=${entry#*:}
    case $entry in "$wave":*) kill "-${rest%%:*}" "-${entry##*:}" 2>/dev/null ;; esac
  done
  tries=0
  while alive $wave && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  for entry in $list; do
    case $entry in "$wave":*) kill -KILL "-${entry##*:}" 2>/dev/null ;; esac
  done
done
exit 0
