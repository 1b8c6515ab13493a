# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(threshold_fuzz SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/threshold_fuzz.cc DEPS sluice_sig_thresholds)
