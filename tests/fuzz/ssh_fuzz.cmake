# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(ssh_fuzz SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/ssh_fuzz.cc DEPS sluice_app)
