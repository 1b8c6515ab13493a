# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(asn1_fuzz SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/asn1_fuzz.cc DEPS sluice_detect)
