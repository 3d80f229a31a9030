# shellcheck shell=bash
# shellcheck source=../hotplug.sh
. "$here/hotplug.sh"
hotplug_cases user
