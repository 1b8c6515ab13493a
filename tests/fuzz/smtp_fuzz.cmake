# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(smtp_fuzz SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/smtp_fuzz.cc DEPS sluice_app)
