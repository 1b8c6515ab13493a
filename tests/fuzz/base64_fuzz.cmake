# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(base64_fuzz SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/base64_fuzz.cc DEPS sluice_detect PkgConfig::SODIUM)
