# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
#
# apt with a folder of its own for all that it writes. Scripts source it.

# own_apt FOLDER: apt as it is configured here, but it writes into this folder only, and its sources are
# those in FOLDER/sources.d. What the system has apt do after an update stays undone: that would be
# done to the system.
own_apt() {
    apt=$1
    mkdir -p "$apt/conf.d" "$apt/sources.d" "$apt/lists/partial" "$apt/cache/archives/partial"
    for file in /etc/apt/apt.conf.d/*; do
        [ ! -f "$file" ] || ln -s "$file" "$apt/conf.d"
    done
    [ ! -f /etc/apt/apt.conf ] || ln -s /etc/apt/apt.conf "$apt/conf.d/yy-main"
    cat >"$apt/conf.d/zz-zmalloc" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources.d";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    cat >"$apt/apt.conf" <<END
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$apt/conf.d";
END
    export APT_CONFIG="$apt/apt.conf"
}

# Where this system has Debian's packages from, or else Debian's own site.
debian_site() {
    # shellcheck disable=SC2016
    site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' \
        'Label: Debian' 2>/dev/null | sort -u | head -n 1)
    echo "${site:-http://deb.debian.org/debian}"
}
