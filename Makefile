# The names of the original project's targets; npm does the work.
.DEFAULT_GOAL := build
.PHONY: build test run dev demo clean migrate check docker-build docker-up docker-down docker-logs

COMPOSE := docker compose -f docker/compose.yml

node_modules: package-lock.json
	npm ci
	@touch node_modules

build: node_modules
	npm run build

test: node_modules
	npm test

check: node_modules
	npm run check

run: build
	./bin/aiserve-gpuproxyd

dev: node_modules
	npm run dev

demo: node_modules
	npm run demo

migrate: build
	./bin/aiserve-gpuproxy-admin migrate

clean:
	rm -rf dist

docker-build:
	$(COMPOSE) build

docker-up:
	$(COMPOSE) up --build --detach

docker-down:
	$(COMPOSE) down

docker-logs:
	$(COMPOSE) logs --follow
