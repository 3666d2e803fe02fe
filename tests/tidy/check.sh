#!/usr/bin/env bash
# Checks what the compiler cannot: who may include what, who may ask for the time, where SQL may
# stand, how long things may get. Run by ctest (label unit, test `tidy`).
set -euo pipefail
cd "$(dirname "$0")/../.."
failed=0
callers=$(mktemp)
trap 'rm -f "$callers"' EXIT

sources() { find common proto scheduler worker cli -name '*.[ch]pp' | sort; }

report() {  # report <findings> <what to do instead>
  [[ -n $1 ]] || return 0
  printf '%s\n  -> %s\n' "$1" "$2" >&2
  failed=1
}

rule() {  # rule <what to do instead> <pattern> <allowed path regex>
  report "$(sources | grep -Ev "$3" | xargs grep -nE "$2" || true)" "$1"
}

# Who may know what.
rule 'only common/db may know libpqxx' '#include <pqxx/' '^common/db/'
rule 'only common/db and common/process may know libpq' '#include <libpq-fe' '^common/(db|process)/'
rule 'transact.hpp is private to common/db' 'common/db/transact\.hpp"' '^common/db/'
rule 'duties and commands see ports; only main.cpp knows common/db' \
  '#include "common/db/' '^(common/db/|(scheduler|worker|cli)/main\.cpp)'
rule 'only proto may know msgpack' '#include <msgpack' '^proto/'
rule 'only common/transport may know ZeroMQ' '#include <zmq' '^common/transport/'
rule 'only common/http may know libmicrohttpd' '#include <microhttpd' '^common/http/'
rule 'only common/service may know libsystemd' '#include <systemd/' '^common/service/'
rule 'only yaml_document.cpp may know yaml-cpp' '#include <yaml-cpp' \
  '^common/policies/yaml_document\.cpp'
rule 'only the two command line files may know CLI11' '#include <CLI/' \
  '^(cli/command|common/config/command_line)\.cpp'
rule 'log with log_event; only logging.cpp knows spdlog' '#include <spdlog' \
  '^common/logging\.cpp'
rule 'proto sees only the structs of common/tasks' '#include "(worker|scheduler|cli|common/db)/' \
  '^(worker|scheduler|cli|common)/'
rule 'common may not include scheduler, worker or cli' '#include "(worker|scheduler|cli)/' \
  '^(worker|scheduler|cli)/'

# Time and chance are injected.
rule 'take a Clock' '(system|steady)_clock::now|sleep_for|sleep_until|gettimeofday' \
  '^common/(clock|stopwatch)\.'
rule 'take a Random' 'std::random_device|[^_]rand\(\)' '^common/random\.'

# SQL stands in common/db/sql. The exceptions, with their reasons, are in docs/adr/0010.
rule 'put SQL in common/db/sql' \
  '"[^"]*(SELECT .* FROM|INSERT INTO|DELETE FROM|UPDATE [a-z.]+ SET)' \
  '^common/db/(target/|migrator\.cpp|pg_target_database\.cpp)'
rule 'use .at(): r[0] of an empty result is undefined in libpqxx 6' '\)\[[0-9]+\]|r\[0\]\[0\]' \
  '^(proto|scheduler|worker|cli|common/(policies|schedule|process|config))/'
rule 'one catch per turn of a loop, never silent' 'catch \(\.\.\.\) *\{ *\}' '^$'
rule 'an open end needs an issue number' '(TODO|FIXME)($|[^(])' '^$'

# Sizes.
while read -r file; do
  awk -v f="$file" '
    length($0) > 100 { printf "%s:%d: line is longer than 100\n", f, NR; bad = 1 }
    END { if (NR > 500) { printf "%s: %d lines, the limit is 500\n", f, NR; bad = 1 }; exit bad }' \
    "$file" >&2 || failed=1
done < <(sources; find tests -name '*.[ch]pp' | sort)

# Every statement says what a database administrator wants to know, and who runs it.
while read -r file; do
  for field in Locks Index Caller; do
    grep -q "^-- $field " "$file" || report "$file: no '-- $field' line" 'write the header'
  done
  grep -qE '^-- (Returns|Affects) ' "$file" ||
    report "$file: neither '-- Returns' nor '-- Affects'" 'write the header'
  name=$(sed 's|common/db/sql/||; s|common/db/demo/||; s|\.sql$||; s|[/.-]|_|g' <<<"$file")
  grep -rqE "[a-z_]*queries::$name\b" common/db --include='*.cpp' ||
    report "$file: nobody runs it" 'delete it'
  # "Class::method" or "function (file.cpp)", several separated by commas, also on further lines.
  awk '!/^--/ { exit } sub(/^-- Caller +/, "") { on = 1 } on { sub(/^-- +/, ""); print }' "$file" |
    tr ',' '\n' >"$callers"
  [[ -s $callers ]] || report "$file: the caller has no name" 'write Class::method or function (file.cpp)'
  while read -r caller place; do
    [[ -n $caller ]] || continue
    grep -rqE "\b$caller\b" common/db --include="$(tr -d '()' <<<"${place:-*.cpp}")" ||
      report "$file: caller '$caller' ${place:-} does not exist" 'name who runs it now'
  done <"$callers"
done < <(find common/db/sql common/db/demo -name '*.sql' 2>/dev/null | sort)

# The architecture page names every folder.
while read -r folder; do
  grep -q "$folder/" docs/ARCHITECTURE.md ||
    report "docs/ARCHITECTURE.md does not name $folder/" 'describe it there'
done < <(find common -mindepth 1 -maxdepth 1 -type d; printf '%s\n' cli worker scheduler proto deploy tests)

exit $failed
