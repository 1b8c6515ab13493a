# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(dns_fuzz
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/dns_fuzz.cc ${CMAKE_SOURCE_DIR}/tests/unit/app/dns_transcript.cc
  DEPS sluice_app)
