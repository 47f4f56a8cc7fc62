#!/usr/bin/env bash
# The tests run against the real things: a ZooKeeper server (Debian's jars and a Java), the plugins of Nagios for the
# slave's `nagios` recipe, a Redis for task metadata, a Prometheus that scrapes a master and an Alertmanager that
# takes its alerts, and the clients of Riemann: riemann-client, collectd and syslog-ng. npm runs this before them: it
# installs what is missing on Debian and Ubuntu, and elsewhere names it and stops. Nothing is started: Debian's
# `zookeeper` is only the jars and the scripts, the daemon is in `zookeeperd`, which this leaves alone; packages that
# hold a daemon are installed without starting it, now or at boot.
set -euo pipefail

zookeeper_jar=/usr/share/java/zookeeper.jar
logging_jar=/usr/share/java/slf4j-api.jar
plugins=/usr/lib/nagios/plugins

packages=()
[[ -e $zookeeper_jar && -e $logging_jar ]] || packages+=(zookeeper)
[[ -x $plugins/check_load && -x $plugins/check_disk ]] || packages+=(monitoring-plugins-basic)
command -v riemann-client >/dev/null || packages+=(riemann-c-client)
compgen -G '/usr/lib/syslog-ng/*/libriemann.so' >/dev/null || packages+=(syslog-ng-mod-riemann)
command -v java >/dev/null || packages+=(default-jre-headless)
command -v openssl >/dev/null || packages+=(openssl)
# Those that would start a service.
daemons=()
command -v prometheus >/dev/null && command -v promtool >/dev/null || daemons+=(prometheus)
command -v prometheus-alertmanager >/dev/null || daemons+=(prometheus-alertmanager)
command -v redis-server >/dev/null || daemons+=(redis-server)
[[ -x /usr/sbin/collectd && -e /usr/lib/collectd/write_riemann.so ]] || daemons+=(collectd-core)
[[ -x /usr/sbin/syslog-ng ]] || daemons+=(syslog-ng-core)
packages+=("${daemons[@]}")

if ((${#packages[@]} == 0)); then
  echo "test needs: ZooKeeper, Java, monitoring plugins, Prometheus, Alertmanager, Redis and Riemann's clients are here"
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  cat >&2 <<MISSING
The tests need these Debian packages, or what they hold: ${packages[*]}
  $zookeeper_jar with $logging_jar   Apache ZooKeeper's server (3.5 or newer) and its logging API
  java                               Java 11 or newer on the PATH
  openssl                            for certificates of servers in tests
  $plugins                  the plugins of Nagios (check_load, check_disk)
  prometheus, promtool, prometheus-alertmanager, redis-server   on the PATH
  riemann-client, collectd with write_riemann, syslog-ng with its riemann destination
Install them, or run the tests on Debian or Ubuntu.
MISSING
  exit 1
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "The tests need ${packages[*]}: run as root: apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

# What Debian asks before it starts a service; an answer that is there already stays.
policy=/usr/sbin/policy-rc.d
if ((${#daemons[@]} > 0)) && [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

echo "test needs: installing ${packages[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
if [[ -d /run/systemd/system ]]; then
  for daemon in "${daemons[@]}"; do "${as_root[@]}" systemctl disable --now --quiet "${daemon%-core}"; done
fi
