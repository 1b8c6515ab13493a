# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(tls_fuzz SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/tls_fuzz.cc DEPS sluice_app)
