#!/bin/sh
# Runs limner in a container of its own (Linux; needs bubblewrap). It sees the system's programs, its own code, the folder it is started in, its state folder, and the
# folders named by LIMNER_OUTPUT_DIR and LIMNER_ALLOWED_DIRS in the environment. The rest of the home is not there; what stands in its place is empty and read-only.
# Give the path of this file to the host as the command.
set -eu

limner=$(dirname "$(dirname "$(readlink -f "$0")")")
node=$(readlink -f "$(command -v node)")
config=${XDG_CONFIG_HOME:-$HOME/.config}/limner
state=${LIMNER_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/limner}
project=$PWD
# A home is no project: pictures go where limner puts them then.
case $project in / | "$HOME") project=$HOME/Pictures/limner ;; esac
mkdir -p "$state" "$project"

set --
IFS=:
for folder in ${LIMNER_OUTPUT_DIR:-} ${LIMNER_ALLOWED_DIRS:-}; do
  set -- "$@" --bind-try "$folder" "$folder"
done

exec bwrap --unshare-all --share-net --die-with-parent --new-session --cap-drop ALL \
  --ro-bind /usr /usr --ro-bind-try /bin /bin --ro-bind-try /lib /lib --ro-bind-try /lib64 /lib64 \
  --ro-bind-try /etc/resolv.conf /etc/resolv.conf --ro-bind-try /etc/hosts /etc/hosts --ro-bind-try /etc/ssl /etc/ssl \
  --proc /proc --dev /dev --tmpfs /tmp --tmpfs "$HOME" \
  --ro-bind "$node" "$node" --ro-bind "$limner" "$limner" --ro-bind-try "$config" "$config" \
  --bind "$state" "$state" --bind "$project" "$project" "$@" \
  --remount-ro "$HOME" --chdir "$project" "$node" "$limner/dist/index.js"
