# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(detect_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/detect_fuzz.cc DEPS sluice_detect)
