# Installs the embed component, moves the installed tree (package files must not hold the path), and copies the consumer's
# sources out of the tree.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
execute_process(COMMAND ${CMAKE} --install ${BUILD} --component embed --prefix ${WORK}/first COMMAND_ERROR_IS_FATAL ANY)
file(RENAME ${WORK}/first ${WORK}/prefix)
file(COPY ${CMAKE_CURRENT_LIST_DIR}/consumer/ DESTINATION ${WORK}/source)
file(COPY ${CMAKE_CURRENT_LIST_DIR}/consumer_cpp/ DESTINATION ${WORK}/source_cpp)
set(examples ${CMAKE_CURRENT_LIST_DIR}/../../embed-api/examples)
file(COPY ${examples}/server_loop.c ${examples}/server_threads.c DESTINATION ${WORK}/source/examples)
file(COPY ${examples}/server_loop_cpp.cc DESTINATION ${WORK}/source_cpp/examples)
