"""Debian packages in a build container: the sources they come from, and the script for it."""

import shlex
from collections.abc import Sequence

from sandboxes.hostnet import BUILD_FOLDER

_UPDATE_SECONDS = 900
_OWN_SOURCES_SECONDS = 90  # where packets get lost, apt tries every address of every source

# The image's own sources come first: they are of the same state as what is installed. An image that
# was bootstrapped holds none, and behind a mirror those of others do not answer: then the host's.
_APT = f"""
dpkg-query --show PACKAGES >/dev/null 2>&1 && exit 0
. /etc/os-release
hosts={BUILD_FOLDER}/$VERSION_CODENAME.list
apt_install() {{
    timeout -k 5 $1 apt-get -c={BUILD_FOLDER}/apt.conf "${{@:2}}" update &&
        apt-get -c={BUILD_FOLDER}/apt.conf "${{@:2}}" install -y --no-install-recommends PACKAGES
}}
own=no
grep -rqs '^deb \\|^URIs:' /etc/apt/sources.list /etc/apt/sources.list.d && own=yes
if [ ! -s $hosts ]; then
    apt_install {_UPDATE_SECONDS}
elif [ $own = no ] || ! apt_install {_OWN_SOURCES_SECONDS} -o Acquire::Retries=0; then
    [ $own = no ] || echo "The image's own package sources do not do: trying the host's."
    apt_install {_UPDATE_SECONDS} -o Dir::Etc::sourcelist=$hosts -o Dir::Etc::sourceparts=/dev/null
fi
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log
"""


def install_script(packages: Sequence[str]) -> str:
    """Bash source, for root, that installs those of the packages that are not there yet."""
    return _APT.replace("PACKAGES", " ".join(shlex.quote(name) for name in packages))
