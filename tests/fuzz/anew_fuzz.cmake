# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(anew_fuzz
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/anew_fuzz.cc ${CMAKE_SOURCE_DIR}/tests/unit/app/http_transcript.cc
  DEPS sluice_app)
