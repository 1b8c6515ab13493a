# SPDX-License-Identifier: Apache-2.0
# One INTERFACE target carries every flag, so that a profile is changed in one place.
add_library(sluice_flags INTERFACE)
target_include_directories(sluice_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(sluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wswitch-enum -Wundef
  # One baseline for everything: an inline function must never be compiled two ways.
  -march=x86-64-v2
  $<$<BOOL:${SLUICE_WERROR}>:-Werror>)
# A library that nothing needs is not loaded: see hs_runtime in SluiceDependencies.cmake.
target_link_options(sluice_flags INTERFACE -Wl,--as-needed)
if(SLUICE_PROFILE STREQUAL "release")
  # Hardened, but hot loops keep their speed: assertions of libstdc++ stay off here, the bounded cursor stays on.
  target_compile_options(sluice_flags INTERFACE -O3 -g -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -UNDEBUG)
  target_link_options(sluice_flags INTERFACE -Wl,-z,relro,-z,now -pie)
  # Stages call each other per packet across files: 6 to 14 % of a packet's time (DECISIONS.md).
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
else()
  target_compile_definitions(sluice_flags INTERFACE _GLIBCXX_ASSERTIONS SLUICE_DEV=1)
endif()
# UBSan without vptr: the packet path has no RTTI to check it by.
if(SLUICE_PROFILE STREQUAL "dev")
  target_compile_options(sluice_flags INTERFACE -Og)
elseif(SLUICE_PROFILE STREQUAL "asan")
  target_compile_options(sluice_flags INTERFACE -O1 -g1 -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(sluice_flags INTERFACE -fsanitize=address,undefined)
elseif(SLUICE_PROFILE STREQUAL "tsan")
  target_compile_options(sluice_flags INTERFACE -O1 -g1 -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(sluice_flags INTERFACE -fsanitize=thread)
elseif(SLUICE_PROFILE STREQUAL "fuzz")
  target_compile_options(sluice_flags INTERFACE -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(sluice_flags INTERFACE -fsanitize=address,undefined)
endif()

# The packet path: no exceptions, no RTTI; the rule enforces itself.
add_library(sluice_core_flags INTERFACE)
target_link_libraries(sluice_core_flags INTERFACE sluice_flags)
target_compile_options(sluice_core_flags INTERFACE -fno-exceptions -fno-rtti)
find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the source folder are hashed relative to it, so that a second clone finds what the first one built.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
endif()
