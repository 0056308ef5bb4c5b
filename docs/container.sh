#!/bin/sh
# Runs limner in a container of its own (Linux; needs bubblewrap). It sees the system's programs, its own code, the folder it is started in, its state folder, and the
# folders named by LIMNER_OUTPUT_DIR and LIMNER_ALLOWED_DIRS in the environment. The rest of the home is not there; what stands in its place is empty and read-only.
# Give the path of this file to the host as the command.
set -euf

: "${HOME:?limner in a container needs HOME}"
HOME=$(readlink -f "$HOME")
export HOME
limner=$(dirname "$(dirname "$(readlink -f "$0")")")
node=$(readlink -f "$(command -v node)")
config=${XDG_CONFIG_HOME:-$HOME/.config}/limner

# Of the environment only what limner reads goes in.
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
  case $name in
    HOME | PATH | LANG | LC_* | TZ | NODE_* | LIMNER_* | GEMINI_API_KEY | GOOGLE_* | XDG_* | *_PROXY | *_proxy | CLOUDSDK_CONFIG | GCE_METADATA_* | METADATA_SERVER_DETECTION) ;;
    *) unset "$name" ;;
  esac
done

# True for the home itself and what it lies in.
holds_home() {
  case $HOME/ in "${1%/}"/*) return 0 ;; *) return 1 ;; esac
}

# `~` as limner reads it.
expand() {
  case $1 in '~/'*) printf '%s' "$HOME/${1#'~/'}" ;; *) printf '%s' "$1" ;; esac
}

state=$(expand "${LIMNER_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/limner}")
case $state in /*) ;; *) echo "limner: LIMNER_STATE_DIR must be an absolute folder." >&2 && exit 2 ;; esac
project=$(pwd -P)
# A home is no project: pictures go where limner puts them then.
if holds_home "$project"; then project=$HOME/Pictures/limner; fi
output=$(expand "${LIMNER_OUTPUT_DIR:-$project}")
mkdir -p "$state" "$project" "$output"

set --
IFS=:
for entry in "$output" ${LIMNER_ALLOWED_DIRS:-}; do
  folder=$(expand "$entry")
  if holds_home "$folder"; then
    echo "limner: $folder holds the home, so it is not let into the container." >&2
  else
    # A relative folder lies in the project, which is there.
    case $folder in /*) set -- "$@" --bind-try "$folder" "$folder" ;; esac
  fi
done

# What Vertex AI is asked with, and the certificates of a company's proxy; to be read alone.
known=${CLOUDSDK_CONFIG:-$HOME/.config/gcloud}/application_default_credentials.json
[ "${LIMNER_BACKEND:-}" = vertex ] || known=
for file in "${GOOGLE_APPLICATION_CREDENTIALS:-$known}" "${NODE_EXTRA_CA_CERTS:-}"; do
  case $file in /*) set -- "$@" --ro-bind-try "$file" "$file" ;; esac
done

# Without --die-with-parent: a signal ends bubblewrap at once, and limner, whose input ends then, saves what is under way first.
exec bwrap --unshare-all --share-net --new-session --cap-drop ALL \
  --ro-bind /usr /usr --ro-bind-try /bin /bin --ro-bind-try /lib /lib --ro-bind-try /lib64 /lib64 \
  --ro-bind-try /etc/resolv.conf /etc/resolv.conf --ro-bind-try /etc/hosts /etc/hosts --ro-bind-try /etc/ssl /etc/ssl \
  --proc /proc --dev /dev --tmpfs /tmp --tmpfs "$HOME" \
  --ro-bind "$node" "$node" --ro-bind "$limner" "$limner" --ro-bind-try "$config" "$config" \
  --bind "$state" "$state" --bind "$project" "$project" "$@" \
  --remount-ro "$HOME" --chdir "$project" "$node" "$limner/dist/index.js"
