# SPDX-License-Identifier: Apache-2.0
# Every library comes from Debian 12; tools/packages.txt lists the packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(HS REQUIRED IMPORTED_TARGET libhs)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(NETTLE REQUIRED IMPORTED_TARGET nettle)
pkg_check_modules(PCAP REQUIRED IMPORTED_TARGET libpcap)
pkg_check_modules(SYSTEMD IMPORTED_TARGET libsystemd)
pkg_check_modules(CAPNG IMPORTED_TARGET libcap-ng)
# Debian ships the scan-only half of Hyperscan without a .pc file. The dataplane links this one and so cannot compile a pattern.
find_library(HS_RUNTIME_LIBRARY hs_runtime REQUIRED)
add_library(hs_runtime SHARED IMPORTED)
set_target_properties(hs_runtime PROPERTIES IMPORTED_LOCATION ${HS_RUNTIME_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES "/usr/include/hs")
# libhs and libhs_runtime define the same symbols. A program that compiles (sluice, most tests) names libhs before everything
# else, by this target, and so never loads the runtime library that sluice_detect asks for.
add_library(sluice_hs_compile INTERFACE)
target_link_libraries(sluice_hs_compile INTERFACE PkgConfig::HS)
target_link_options(sluice_hs_compile INTERFACE "SHELL:-Wl,--no-as-needed -lhs -Wl,--as-needed")
find_package(ZLIB REQUIRED)
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlidec)
pkg_check_modules(BROTLI_ENCODER REQUIRED IMPORTED_TARGET libbrotlienc)  # tests make bodies
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
if(SLUICE_DPDK)
  pkg_check_modules(DPDK IMPORTED_TARGET libdpdk)
  if(DPDK_FOUND)
    # DPDK's .pc appends -march=corei7 after our flags; drop it so that one -march holds (design section 6).
    get_target_property(_o PkgConfig::DPDK INTERFACE_COMPILE_OPTIONS)
    list(FILTER _o EXCLUDE REGEX "^-march=")
    set_target_properties(PkgConfig::DPDK PROPERTIES INTERFACE_COMPILE_OPTIONS "${_o}")
  else()
    message(STATUS "DPDK not found: io/dpdk and sluice-dataplane are left out")
  endif()
endif()
