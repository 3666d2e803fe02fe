# Every library that Lethe takes from the system, with the differences of Debian 12 and 13.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(date REQUIRED)        # Hinnant's, for IANA time zones: g++ 12 has no chrono zones
find_package(PostgreSQL REQUIRED)  # libpq: what libpqxx does not offer (PQconninfoParse, PQping)
pkg_check_modules(pqxx REQUIRED IMPORTED_TARGET libpqxx)  # Debian ships no CMake package for it
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)  # archives in files; no CMake package
find_package(OpenSSL REQUIRED COMPONENTS Crypto)           # sha256 of those files
find_package(cppzmq REQUIRED)
pkg_check_modules(microhttpd REQUIRED IMPORTED_TARGET libmicrohttpd)  # probes and metrics
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)        # sd_notify
# msgpack-cxx on Debian 13, msgpackc-cxx on Debian 12.
find_package(msgpack-cxx REQUIRED CONFIG NAMES msgpack-cxx msgpackc-cxx msgpack)
if(TARGET msgpack-cxx)
  set(LETHE_MSGPACK msgpack-cxx)
else()
  set(LETHE_MSGPACK msgpackc-cxx)
endif()
